// Lints BPMN files as the Modeler does: lint.mjs RULES FILE...; prints {file: [finding, ...]} as JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { BpmnModdle } from 'bpmn-moddle';
import Linter from 'bpmnlint/lib/linter.js';
import NodeResolver from 'bpmnlint/lib/resolver/node-resolver.js';

const require = createRequire(import.meta.url);
const moddle = new BpmnModdle({ zeebe: require('zeebe-bpmn-moddle/resources/zeebe.json') });
const [ rules, ...files ] = process.argv.slice(2);
const found = {};

for (const file of files) {
  const { rootElement, warnings } = await moddle.fromXML(readFileSync(file, 'utf8'));
  const linter = new Linter({  // of its own for each file: rules keep what they have seen
    config: { extends: rules.split(',') },
    resolver: new NodeResolver({ require })
  });
  const reports = await linter.lint(rootElement);
  found[file] = [
    ...warnings.map(({ message }) => message),
    ...Object.entries(reports).flatMap(([ rule, each ]) => each.map(({ id, message }) => `${rule}: ${id}: ${message}`))
  ];
}

console.log(JSON.stringify(found));
