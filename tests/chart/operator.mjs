// Validates objects of the Prometheus Operator: node operator.mjs FOLDER-OF-NODE_MODULES OBJECT.json...
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [tools, ...files] = process.argv.slice(2);
const models = `${tools}/node_modules/@kubernetes-models/prometheus-operator`;
for (const file of files) {
  const object = JSON.parse(readFileSync(file, "utf8"));
  const kinds = await import(pathToFileURL(`${models}/${object.apiVersion}/index.js`));
  const Kind = kinds[object.kind];
  if (!Kind) throw new Error(`${file}: ${object.apiVersion} has no ${object.kind}`);
  try {
    new Kind(object).validate();
  } catch (error) {
    console.error(`${file}: ${object.kind} ${object.metadata.name}: ${error.message}`);
    process.exitCode = 1;
  }
}
