// Applies element templates to elements of diagrams, as the Modeler does.
// Standard input: JSON, a list of {diagram, steps: [{template, element}]} with texts; output: the list of the diagrams.
import { readFileSync } from 'node:fs';
import { applyTemplate } from 'element-templates-cli';

const jobs = JSON.parse(readFileSync(0, 'utf8'));
const diagrams = [];

for (let { diagram, steps } of jobs) {
  for (const { template, element } of steps) {
    diagram = await applyTemplate(diagram, template, element);
  }
  diagrams.push(diagram);
}

console.log(JSON.stringify(diagrams));
