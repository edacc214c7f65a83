// `npm test`: unit tests beside the code, then the in-process suites. Arguments are file patterns that replace the default.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'

const args = process.argv.slice(2)
const flags = args.filter((arg) => arg.startsWith('--'))
const given = args.filter((arg) => !arg.startsWith('--'))
const patterns =
  given.length > 0
    ? given
    : ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', '{scripts,examples,benchmarks}/**/*.test.ts']
// These wait for timers and processes half of the time; conformance tests keep two cores busy two at a time.
const concurrency = given.length > 0 ? 2 : 3
const files = globSync(patterns).sort()
if (files.length === 0) {
  console.error(`no test file matches ${patterns.join(' ')}`)
  process.exit(1)
}
const run = spawnSync(
  process.execPath,
  ['--conditions=source', '--test', '--test-timeout=120000', `--test-concurrency=${concurrency}`, ...flags, ...files],
  {
    stdio: 'inherit',
    // Each test file is a process: types are stripped and modules compiled once for all of them, not once for each.
    env: { NODE_COMPILE_CACHE: resolve(import.meta.dirname, '../node_modules/.cache/compile'), ...process.env },
  },
)
process.exit(run.status ?? 1)
