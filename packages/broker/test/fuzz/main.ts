// Sends mutated frames to a broker without sockets: `npm run fuzz -- --family produce --seed-from 1 --count 1000`.
// A seed is 10,000 frames; `--frames 10000000 --seed 1` says the same. Every family without `--family`.
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type Family, families, handlersOf } from './families.ts'
import { type FuzzResult, framesPerSeed } from './fuzz-run.ts'
import type { FuzzOrder } from './fuzz-worker.ts'

/** Seeds that one thread runs before the next begins with a fresh heap. */
const seedsPerWorker = 50
/** A thread that gets no further for so long hangs. */
const hangMs = 60_000
const heapMiBMax = 1_024

const { values } = parseArgs({
  options: {
    family: { type: 'string' },
    'seed-from': { type: 'string' },
    seed: { type: 'string' },
    count: { type: 'string', default: '10' },
    frames: { type: 'string' },
  },
})
const from = Number(values['seed-from'] ?? values.seed ?? '1')
const count = values.frames === undefined ? Number(values.count) : Math.ceil(Number(values.frames) / framesPerSeed)
const chosen = families.filter((family) => (values.family ?? family) === family && handlersOf(family).length > 0)
if (chosen.length === 0 || !Number.isInteger(from) || !Number.isInteger(count)) {
  console.error(
    `usage: npm run fuzz -- [--family ${families.join('|')}] [--seed-from 1] [--count 10 | --frames 100000]`,
  )
  process.exit(2)
}

let failed = 0
for (const family of chosen) failed += await fuzz(family)
process.exitCode = failed === 0 ? 0 : 1

interface Sums {
  frames: number
  damaged: number
  answered: number
  refused: number
  restarts: number
  slowest: FuzzResult['slowest']
}

async function fuzz(family: Family): Promise<number> {
  const startedMs = performance.now()
  const sums: Sums = { frames: 0, damaged: 0, answered: 0, refused: 0, restarts: 0, slowest: { ms: 0, what: '' } }
  let failures = 0
  const report = (): string => {
    const seconds = (performance.now() - startedMs) / 1_000
    const { frames, damaged, answered, refused, restarts, slowest } = sums
    const rate = Math.round(frames / seconds)
    return (
      `${family}: ${frames} frames (${damaged} damaged, ${answered} answered, ${refused} refused), ${restarts} restarts, ` +
      `${failures} failed seeds, ${seconds.toFixed(0)} s, ${rate} frames/s, slowest ${slowest.ms.toFixed(0)} ms (${slowest.what})`
    )
  }
  for (let next = from; next < from + count; ) {
    const part = Math.min(seedsPerWorker, from + count - next)
    const { done, failed: broken } = await runThread(family, next, part, sums)
    failures += broken
    next = done
    if (count > seedsPerWorker) console.log(`${report()}; go on with --seed-from ${next}`)
  }
  console.log(`${report()}; go on with --seed-from ${from + count}`)
  return failures
}

/** Resolves with the seed to go on with: a thread that died or hangs is blamed on the seed it was at. */
function runThread(family: Family, first: number, part: number, sums: Sums): Promise<{ done: number; failed: number }> {
  const progress = new Int32Array(new SharedArrayBuffer(8))
  const order: FuzzOrder = { family, from: first, count: part, progress }
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
  })
  let failures = 0
  let lastMs = performance.now()
  let last = ''
  return new Promise((resolve) => {
    const again = (): string => `again with npm run fuzz -- --family ${family} --seed-from ${progress[0]} --count 1`
    const blame = (why: string): void => {
      clearInterval(watch)
      console.log(`${family}: seed ${progress[0]}, frame ${progress[1]}: ${why}; ${again()}`)
      resolve({ done: progress[0]! + 1, failed: failures + 1 })
    }
    const watch = setInterval(() => {
      const now = `${Atomics.load(progress, 0)}/${Atomics.load(progress, 1)}`
      if (now !== last) lastMs = performance.now()
      last = now
      if (performance.now() - lastMs < hangMs) return
      blame(`hangs for ${hangMs} ms`)
      worker.terminate().catch(() => undefined)
    }, 1_000)
    worker.on('message', ({ result, failure }: { result?: FuzzResult; failure?: string }) => {
      if (failure !== undefined) {
        failures++
        console.log(failure)
      }
      if (result) add(sums, result)
    })
    worker.on('error', (error) => blame(error.message))
    worker.on('exit', (code) => {
      clearInterval(watch)
      if (code === 0) resolve({ done: first + part, failed: failures })
    })
  })
}

function add(sums: Sums, result: FuzzResult): void {
  sums.frames += result.frames
  sums.damaged += result.damaged
  sums.answered += result.answered
  sums.refused += result.refused
  sums.restarts += result.restarts
  if (result.slowest.ms > sums.slowest.ms) sums.slowest = result.slowest
}
