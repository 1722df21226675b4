// Runs a published MoveNet in TensorFlow.js: `node google_heads.js MODEL.json SIZE INPUT.u8 OUTPUT.f32`.
// INPUT holds N uint8 pictures [SIZE, SIZE, 3]. OUTPUT gets, for each, as float32: heatmap [G, G, K], center [G, G, 1],
// reg and offset [G, G, 2K] (y0, x0, ...), and the points [K, 3] (y, x, score).
'use strict';

const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const {loadGraphModel} = require('@tensorflow/tfjs-converter');

function files(modelPath) {
  return {
    load: async () => {
      const model = JSON.parse(fs.readFileSync(modelPath, 'utf8'));
      const shards = model.weightsManifest.flatMap((group) => group.paths);
      const bytes = Buffer.concat(shards.map((name) => fs.readFileSync(path.join(path.dirname(modelPath), name))));
      return {
        modelTopology: model.modelTopology,
        signature: model.signature,
        weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
        weightData: new Uint8Array(bytes).buffer,
      };
    },
  };
}

// The names in the published files; the sigmoids have none of their own, so they are found by what they read.
function outputNames(modelPath) {
  const nodes = JSON.parse(fs.readFileSync(modelPath, 'utf8')).modelTopology.node;
  const last = (head) => nodes.filter((n) => n.name.includes(`/${head}_0/`) && n.name.endsWith('/BiasAdd')).pop().name;
  const sigmoid = (head) => nodes.find((n) => n.op === 'Sigmoid' && n.input[0] === last(head)).name;
  return [sigmoid('kpt_heatmap'), sigmoid('center'), last('kpt_regress'), last('kpt_offset'), 'Identity'];
}

async function main([modelPath, sizeText, inputPath, outputPath]) {
  const size = Number(sizeText);
  const model = await loadGraphModel(files(modelPath));
  const names = outputNames(modelPath);
  const pixels = fs.readFileSync(inputPath);
  const output = fs.openSync(outputPath, 'w');
  for (let start = 0; start < pixels.length; start += size * size * 3) {
    const picture = Int32Array.from(pixels.subarray(start, start + size * size * 3));
    const results = model.execute({[model.inputs[0].name]: tf.tensor(picture, [1, size, size, 3], 'int32')}, names);
    for (const result of results) {
      fs.writeSync(output, Buffer.from(Float32Array.from(result.dataSync()).buffer));
    }
  }
  fs.closeSync(output);
}

main(process.argv.slice(2));
