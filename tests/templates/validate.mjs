// Prints one JSON line for each template file: is it valid by the Modeler's own schema, and if not, why.
import { readFileSync } from 'node:fs';
import { validateZeebe } from '@bpmn-io/element-templates-validator';

for (const file of process.argv.slice(2)) {
  const { valid, errors } = validateZeebe(JSON.parse(readFileSync(file, 'utf8')));
  console.log(JSON.stringify({ file, valid, errors: (errors ?? []).map(error => error.message) }));
}
