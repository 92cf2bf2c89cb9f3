// Prints a JSON list: for each template file, is it valid by the Modeler's own schema, and if not, why.
import { readFileSync } from 'node:fs';
import { validateZeebe } from '@bpmn-io/element-templates-validator';

console.log(JSON.stringify(process.argv.slice(2).map(file => {
  const { valid, errors } = validateZeebe(JSON.parse(readFileSync(file, 'utf8')));
  return { file, valid, errors: (errors ?? []).map(error => `${error.instancePath ?? ''} ${error.message}`) };
})));
