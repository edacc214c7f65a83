const head = `
import { serdes, topic } from '@millrace/contracts'
import { joinWindows, topology, tumbling } from '@millrace/streams'
interface Row { readonly id: string; readonly amount: number; readonly tags: readonly string[] }
const input = topic('input', { key: serdes.string, value: serdes.json<Row>() })
const rows = topic('rows', { key: serdes.string, value: serdes.json<Row>() })
export const app = topology('long')
const table = app.table(rows, { store: 'rows' })
const s0 = app.stream(input)
`

/** A step of each kind that there is, from a stream of rows to one. */
const steps: readonly ((from: string, at: number) => string)[] = [
  (from) => `${from}.filter((row) => row.amount > 0)`,
  (from) => `${from}.mapValues((row) => ({ ...row, amount: row.amount + 1 }))`,
  (from) => `${from}.join(table, (row, other) => ({ ...row, amount: row.amount + other.amount }))`,
  (
    from,
    at,
  ) => `${from}.groupBy((row) => row.id, { name: 'by-${at}' }).reduce((_sum, row) => row, { store: 'sum-${at}' })
    .toStream({ tombstones: false })`,
  (from) => `${from}.leftJoin(table, (row, other) => ({ ...row, tags: other?.tags ?? [] }))`,
  (from, at) => `${from}.groupByKey().window(tumbling({ sizeMs: 60_000 }))
    .aggregate({ initial: 0, store: 'windows-${at}' }, (sum, row) => sum + row.amount)
    .toStream({ tombstones: false }).map((amount, { key }) => [key, { id: key, amount, tags: [] as readonly string[] }] as const)`,
  (from, at) => `${from}.join(s${at - 1 > 1 ? at - 2 : 0}, (row, other) => ({ ...row, amount: other.amount }),
    { within: joinWindows({ differenceMs: 1_000 }) })`,
  (from) => `${from}.flatMapValues((row) => row.tags.map((id) => ({ ...row, id })))`,
  (from) => `${from}.selectKey((row) => row.id)`,
  (from, at) =>
    `${from}.toTable({ store: 'table-${at}' }).mapValues((row) => ({ ...row })).toStream({ tombstones: false })`,
]

/** The text of a topology with so many steps one after another. */
export function longTopology(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const at = index + 1
    return `const s${at} = ${steps[index % steps.length]!(`s${index}`, at)}`
  })
  return `${head}${lines.join('\n')}\ns${count}.to(input)\n`
}
