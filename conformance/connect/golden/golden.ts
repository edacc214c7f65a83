import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  bytesText,
  dataText,
  type GoldenCase,
  type GoldenGroup,
  type JavaOutcome,
  type RecordForm,
} from '../../../packages/connect/test/golden/golden-case.ts'
import { mavenJars } from '../../support/maven-jars.ts'

const here = import.meta.dirname
const maxOutputBytes = 64 * 1024 * 1024

/** What Kafka Connect's own classes answer, in order. The first call fetches the jars with Maven. */
export function askConnect(requests: readonly unknown[]): JavaOutcome[] {
  const jars = join(mavenJars(here), '*')
  // Connect's header converter writes dates in the time zone of the machine.
  const flags = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Duser.timezone=UTC', '-cp', jars]
  const run = spawnSync('java', [...flags, join(here, 'ConnectGolden.java')], {
    input: JSON.stringify(requests),
    encoding: 'utf8',
    maxBuffer: maxOutputBytes,
  })
  if (run.status !== 0) throw new Error(`ConnectGolden.java failed: ${run.error?.message ?? run.stderr}`)
  const answers = run.stdout.trimEnd().split('\n')
  return answers.map((line) => JSON.parse(line) as JavaOutcome)
}

/** The outcomes of groups as Kafka Connect makes them now, by group and name. */
export function connectOutcomes(groups: readonly GoldenGroup[]): Map<string, Record<string, JavaOutcome>> {
  const answers = askConnect(groups.flatMap(({ cases }) => cases.map(requestOf))).values()
  return new Map(
    groups.map(({ name, cases }) => [
      name,
      Object.fromEntries(cases.map((each) => [each.name, outcomeOf(each, answers.next().value!)] as const)),
    ]),
  )
}

function outcomeOf({ does }: GoldenCase, answer: JavaOutcome): JavaOutcome {
  const isBytes = (does === 'fromConnect' || does === 'fromHeader') && 'result' in answer && answer.result !== null
  return isBytes ? { result: bytesText(Buffer.from(answer.result as string, 'base64')) } : answer
}

function requestOf({ does, class: className, config = {}, data, bytes, record }: GoldenCase): unknown {
  const base64 = bytes === null || bytes === undefined ? null : Buffer.from(bytes as string).toString('base64')
  return {
    does,
    class: className,
    config,
    data: dataText(data),
    bytes: base64,
    record: record && recordRequest(record),
  }
}

function recordRequest({ key, value, headers = [], ...rest }: RecordForm): unknown {
  return {
    ...rest,
    key: dataText(key),
    value: dataText(value),
    headers: headers.map((header) => ({ key: header.key, data: dataText(header.data) })),
  }
}
