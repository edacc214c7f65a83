import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mavenJars, outputOf } from '../support/maven-jars.ts'

const here = import.meta.dirname

export interface Fact {
  readonly javaClass: string
  readonly path: string
}

const fixtures = join(here, '../../packages/streams/test/fixtures')

/** What programs of `facts/` print about Kafka Streams itself. */
export const facts: readonly Fact[] = [
  { javaClass: 'ConfigKeys', path: join(fixtures, 'kafka-streams-config.json') },
  { javaClass: 'MetricNames', path: join(fixtures, 'kafka-streams-metrics.json') },
  { javaClass: 'RackAssignments', path: join(fixtures, 'kafka-streams-racks.json') },
]

/** Runs the program and returns what it printed, laid out. */
export function factText({ javaClass }: Fact): string {
  const jars = join(mavenJars(here), '*')
  const classes = mkdtempSync(join(tmpdir(), 'millrace-facts-'))
  try {
    run('javac', ['-proc:none', '-cp', jars, '-d', classes, join(here, 'facts', `${javaClass}.java`)])
    const java = ['-Xmx256m', '-Djava.io.tmpdir=/tmp', '-cp', `${jars}:${classes}`, javaClass]
    return `${JSON.stringify(JSON.parse(run('java', java)), null, 1)}\n`
  } finally {
    rmSync(classes, { recursive: true, force: true })
  }
}

export function writeFacts(): void {
  for (const fact of facts) writeFileSync(fact.path, factText(fact))
}

function run(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (done.status !== 0) throw new Error(`${command} failed: ${outputOf(done)}`)
  return done.stdout
}
