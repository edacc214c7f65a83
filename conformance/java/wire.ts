import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { mavenJars } from '../support/maven-jars.ts'

const here = import.meta.dirname
const maxOutputBytes = 256 * 1024 * 1024

/** A command of Wire.java; see there. */
export type WireCommand = { readonly op: string } & Readonly<Record<string, unknown>>

/**
 * Why Java cannot be asked here, or undefined when it can; the `skip` of a test. With MILLRACE_REQUIRE_KAFKA=1 it is
 * always undefined, so that a missing tool fails the test instead.
 */
export function javaUnavailable(): string | undefined {
  if (process.env.MILLRACE_REQUIRE_KAFKA === '1') return undefined
  const missing = ['java', 'mvn'].filter((tool) => spawnSync(tool, ['-version'], { stdio: 'ignore' }).status !== 0)
  if (missing.length === 0) return undefined
  return `Kafka's Java classes cannot run: ${missing.join(' and ')} not found (MILLRACE_REQUIRE_KAFKA=1 makes this a failure)`
}

/** Has Kafka's own classes answer the commands, in order; the first call fetches the jars with Maven. */
export function askJava(commands: readonly WireCommand[]): Record<string, unknown>[] {
  const run = spawnSync('java', ['-Xmx512m', '-cp', join(mavenJars(here), '*'), join(here, 'Wire.java')], {
    input: commands.map((command) => `${JSON.stringify(command)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: maxOutputBytes,
  })
  if (run.status !== 0) throw new Error(`Wire.java failed: ${run.error?.message ?? run.stderr}`)
  const answers = run.stdout.trimEnd().split('\n')
  return answers.map((line) => JSON.parse(line) as Record<string, unknown>)
}
