// feelin behind a line protocol: one JSON request a line in, the seconds of processor time of one call out.
// feelin has no compiled form: evaluating always includes parsing.
import { createInterface } from 'node:readline';
import { evaluate, parseExpression } from 'feelin';

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, expression, context, repeat } = JSON.parse(line);
  const call = kind === 'time-parse'
    ? () => parseExpression(expression, context)
    : () => evaluate(expression, context);
  const start = process.cpuUsage();
  for (let i = 0; i < repeat; i++) call();
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6 / repeat;
  process.stdout.write(JSON.stringify({ seconds }) + '\n');
}
