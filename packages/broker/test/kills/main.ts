// node --conditions=source packages/broker/test/kills/main.ts --kills 1000 --seed 1 --durability write
import { parseArgs } from 'node:util'
import { runKills } from './run.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    durability: { type: 'string', default: 'write' },
  },
})
const durability = values.durability === 'fsync' ? 'fsync' : 'write'
const started = Date.now()
const { records, transactions, topics } = await runKills({
  seed: Number(values.seed),
  kills: Number(values.kills),
  durability,
  verifyEvery: 25,
  report: (text) => console.log(text),
})
const seconds = Math.round((Date.now() - started) / 1000)
console.log(
  `${values.kills} kills under ${durability}, seed ${values.seed}: ${records} records, ${transactions} transactions and ${topics} deleted topics checked in ${seconds} s`,
)
