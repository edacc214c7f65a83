import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDriver } from '../support/child.ts'
import { drawCurves } from '../support/curve.ts'
import { benchmarks, root, temporaryFolder } from '../support/folders.ts'
import { javaPeer, javaUnavailable } from '../support/java.ts'
import { memoryCap, uncapped } from '../support/memory-cap.ts'
import { type Bench, median, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const rocksDb = "RocksDB, set as Kafka Streams'"
const capBytes = 512 * 2 ** 20
const sizes = [10_000, 100_000, 1_000_000, 10_000_000]
const updates = 200_000
/** Drawn at full size. */
const picture = join(root, 'docs/explanation/streams-store-curve.svg')

/** A point of the curve: microseconds of CPU time for one row read and written. */
interface Point {
  readonly side: string
  readonly keys: number
  readonly micros: number
}

async function open(context: TrialContext): Promise<Bench> {
  const points: Point[] = []
  const kept = sizes.filter((keys) => keys <= Math.max(sizes[0] as number, 10_000_000 * context.scale))
  const run = async (side: string): Promise<Outcome> => {
    let metrics: Outcome['metrics'] = {}
    for (const keys of kept) {
      const { seconds, cpuSeconds, peakBytes } = await measure(context, side, keys)
      const micros = (cpuSeconds / updates) * 1e6
      points.push({ side, keys, micros })
      const wall = ((seconds / updates) * 1e6).toFixed(1)
      context.say(
        `${side}, ${keys.toLocaleString('en-US')} keys: ${micros.toFixed(1)} µs of CPU time, ${wall} µs of time`,
      )
      metrics = {
        per_cpu_second: { value: updates / cpuSeconds, unit: 'updates/CPU s' },
        per_second: { value: updates / seconds, unit: 'updates/s' },
        peak_memory: { value: peakBytes / 1e6, unit: 'MB' },
      }
    }
    return { metrics, result: `${updates} updates of each of ${kept.length} stores` }
  }
  const close = async (): Promise<void> => {
    if (context.scale < 1 || points.length === 0) return
    const curves = [...new Set(points.map(({ side }) => side))].map((side) => ({
      name: side === ours ? 'LMDB (Millrace)' : 'RocksDB',
      points: kept.map((x) => ({
        x,
        y: median(points.filter((p) => p.side === side && p.keys === x).map((p) => p.micros)),
      })),
    }))
    writeFileSync(picture, drawCurves(curves, { x: 'keys on disk', y: 'µs of CPU time per row read and written' }))
    context.say(`drawn: ${picture}`)
  }
  return { run, [Symbol.asyncDispose]: close }
}

async function measure(context: TrialContext, side: string, keys: number): ReturnType<typeof runDriver> {
  await using folder = await temporaryFolder('curve')
  using cap = memoryCap(capBytes)
  const args = [folder.path, String(keys), String(updates)]
  const program = join(benchmarks, 'src/drivers/store-curve.ts')
  const [command, rest] =
    side === ours
      ? cap.wrap(process.execPath, [...context.nodeArguments, '--conditions=source', program, ...args])
      : cap.wrap('java', ['-Xmx128m', '-cp', javaPeer('kafka-streams'), 'StoreCurve', ...args])
  return await runDriver(command, rest)
}

export const streamsStoreCurve: Trial = {
  name: 'streams-store-curve',
  summary:
    'rows of 100 B read and written in any order, 10,000 to 10,000,000 keys on disk, 512 MB of memory with the page cache; figures of the most keys',
  peers: [rocksDb],
  isAlone: true,
  goal: 'the store that state lives in is chosen by it',
  unavailable: (side) => uncapped() ?? (side === ours ? undefined : javaUnavailable()),
  open,
}
