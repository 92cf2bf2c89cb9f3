// feelin behind a line protocol: one JSON request a line in, the seconds of one call out.
// feelin has no compiled form: evaluating always includes parsing.
import { createInterface } from 'node:readline';
import { evaluate, parseExpression } from 'feelin';

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, expression, context, repeat } = JSON.parse(line);
  const call = kind === 'time-parse'
    ? () => parseExpression(expression, context)
    : () => evaluate(expression, context);
  const start = process.hrtime.bigint();
  for (let i = 0; i < repeat; i++) call();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9 / repeat;
  process.stdout.write(JSON.stringify({ seconds }) + '\n');
}
