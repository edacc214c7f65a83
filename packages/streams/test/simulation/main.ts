// Runs seeds of the simulation: `node --conditions=source main.ts --seed-from 1 --count 1000 [--app NAME] [--verbose] [--planted NAME --stop]`.
// Prints every failing seed and how to run it again; the exit status says whether there was one.
import { parseArgs } from 'node:util'
import { findingSeed, mistakes, seedsMax } from './mistakes.ts'
import { runSeed } from './run-seed.ts'

const { values } = parseArgs({
  options: {
    'seed-from': { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    verbose: { type: 'boolean', default: false },
    // A fault to plant, by its name in `PlantedFaults` or `PlantedMistakes`: the run should fail then.
    planted: { type: 'string' },
    // One application instead of all in turn.
    app: { type: 'string' },
    stop: { type: 'boolean', default: false },
    // Instead of all that: plants every mistake that is known, and looks which seed finds it.
    mistakes: { type: 'boolean', default: false },
  },
})

if (values.mistakes) process.exitCode = (await findMistakes()) ? 0 : 1
else process.exitCode = (await runSeeds()) ? 0 : 1

/** Whether every mistake was found. */
async function findMistakes(): Promise<boolean> {
  let missed = 0
  for (const mistake of mistakes) {
    const seed = await findingSeed(mistake)
    if (seed === undefined) missed++
    const outcome = seed === undefined ? `is not found by ${seedsMax} seeds` : `is found by seed ${seed}`
    console.log(`${mistake.planted} (${mistake.app}) ${outcome}: ${mistake.what}`)
  }
  return missed === 0
}

/** Whether all of them ended as they should. */
async function runSeeds(): Promise<boolean> {
  const from = Number(values['seed-from'])
  const count = Number(values.count)
  const log = values.verbose ? (line: string) => console.log(line) : undefined
  const planted = values.planted === undefined ? {} : { planted: { [values.planted]: true } }
  const startedMs = performance.now()
  let failed = 0
  let faults = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, {
      ...(log && { log }),
      ...(values.app !== undefined && { app: values.app }),
      ...planted,
    })
    faults += result.faults
    if (values.verbose) console.log(`seed ${seed}: digest ${result.digest}, ${result.virtualMs} virtual ms`)
    if (result.problems.length === 0) continue
    failed++
    console.log(
      `seed ${seed} (${result.app}) failed (digest ${result.digest}); again with --seed-from ${seed} --count 1 --verbose`,
    )
    for (const problem of result.problems.slice(0, 10)) console.log(`  ${problem}`)
    if (values.stop) break
  }
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  console.log(
    `${count} seeds from ${from}: ${failed} failed, ${faults} faults injected, ${seconds} s; go on with --seed-from ${from + count}`,
  )
  return failed === 0
}
