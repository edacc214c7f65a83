// Checks histories of seeded runs: `npm run histories -- --seed-from 1 --count 1000 [--verbose]`.
// Prints every failing seed and how to run it again; the exit status says whether there was one.
import { parseArgs } from 'node:util'
import { printHistory } from './history.ts'
import { type HistoryResult, runHistory } from './run-history.ts'

const { values } = parseArgs({
  options: {
    'seed-from': { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    verbose: { type: 'boolean', default: false },
  },
})
const from = Number(values['seed-from'])
const count = Number(values.count)
const reportMs = 30_000
const startedMs = performance.now()
let reportedMs = startedMs
const sums = { failed: 0, faults: 0, calls: 0, transactions: 0 }
for (let seed = from; seed < from + count; seed++) {
  const result = await runHistory(seed)
  sums.faults += result.faults
  sums.calls += result.history.length
  sums.transactions += result.history.filter(
    ({ operation, outcome }) => operation.kind === 'commit' && outcome === 'ok',
  ).length
  if (values.verbose) print(result)
  if (result.anomalies.length + result.failures.length > 0) {
    sums.failed++
    console.log(`seed ${seed} failed; its history: npm run histories -- --seed-from ${seed} --count 1 --verbose`)
    for (const { kind, witness } of result.anomalies.slice(0, 10)) console.log(`  ${kind}: ${witness}`)
    for (const failure of result.failures.slice(0, 10)) console.log(`  ${failure}`)
  }
  if (performance.now() - reportedMs > reportMs) {
    reportedMs = performance.now()
    console.log(summary(seed + 1))
  }
}
console.log(summary(from + count))
process.exitCode = sums.failed === 0 ? 0 : 1

function summary(next: number): string {
  const seconds = (performance.now() - startedMs) / 1_000
  const done = next - from
  return (
    `${done} seeds from ${from}: ${sums.failed} failed, ${sums.calls} calls, ${sums.transactions} transactions committed, ` +
    `${sums.faults} faults, ${seconds.toFixed(1)} s (${(done / seconds).toFixed(1)} seeds/s); go on with --seed-from ${next}`
  )
}

function print({ history, events }: HistoryResult): void {
  const lines = [
    ...printHistory(history).map((text) => ({ atMs: Number.parseInt(text, 10), text })),
    ...events.map(({ atMs, text }) => ({ atMs, text: `${String(atMs).padStart(7)} *** ${text}` })),
  ]
  for (const { text } of lines.sort((a, b) => a.atMs - b.atMs)) console.log(text)
}
