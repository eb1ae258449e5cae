// Reads manifests from stdin, several documents of YAML, and tells on stdout which of them their kind's schema refuses:
// a line for each mistake, and one with the number of documents that were compared.
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

const lines = [];
let compared = 0;
for (const document of parseAllDocuments(readFileSync(0, "utf8"))) {
  const manifest = document.toJS();
  const name = `${manifest.kind} ${manifest.metadata?.name}`;
  try {
    const Model = await model(manifest);
    new Model(manifest).validate();
    compared++;
  } catch (mistake) {
    lines.push(`${name}: ${mistake.message}`);
  }
}
console.log([...lines, `compared ${compared}`].join("\n"));

async function model({ apiVersion, kind }) {
  const library = apiVersion.startsWith("monitoring.coreos.com/") ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  const models = await import(`${library}/${apiVersion}`);
  if (!models[kind]) {
    throw new Error(`there is no ${apiVersion} ${kind}`);
  }
  return models[kind];
}
