import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Case, Run } from './cases/case.ts'
import { differenceOf, quirkOf } from './differences.ts'
import type { Client } from './programs/catalogue.ts'
import type { Program } from './programs/program.ts'

export interface Outcome {
  readonly outcome: unknown
  readonly warnings: readonly string[]
}

/** Runs a case of a client on a broker; what fails is an outcome, too. */
export async function runOn(one: Case, run: Omit<Run, 'program'> & { program: Program }): Promise<Outcome> {
  const warnedBefore = run.program.warnings.length
  let outcome: unknown
  try {
    outcome = await one.run(run)
  } catch (error) {
    outcome = { failed: (error as Error).name, message: (error as Error).message.replaceAll(run.prefix, '<prefix>') }
  }
  return { outcome: JSON.parse(JSON.stringify(outcome ?? null)), warnings: run.program.warnings.slice(warnedBefore) }
}

export interface Outcomes {
  readonly theirs: Outcome
  readonly ours: Outcome
}

/** Fails where the two brokers differ without a row that says so, and where a row no longer holds. */
export function compare(client: Client, one: Case, { theirs, ours }: Outcomes): void {
  const difference = differenceOf(client.name, one.name)
  if (difference === undefined) {
    assert.deepEqual(ours.outcome, theirs.outcome, 'Millrace is not as Apache Kafka')
  } else {
    if (!difference.depends)
      assert.notDeepEqual(ours.outcome, theirs.outcome, `no difference any more: ${difference.why}`)
    const [oursWithout, theirsWithout] = [ours, theirs].map(({ outcome }) => difference.without(outcome as never))
    assert.deepEqual(oursWithout, theirsWithout, 'Millrace is not as Apache Kafka')
  }
  const quirk = quirkOf(client.name, one.name)
  if (quirk !== undefined) assert.throws(() => one.check(ours.outcome as never), `no quirk any more: ${quirk}`)
  else if (!difference?.unchecked) one.check(ours.outcome as never)
  const warnings = ours.warnings.filter((line) => !client.noise?.test(line))
  if (one.quiet) assert.deepEqual(warnings, [], 'the client logged warnings')
}

/** Lets what fails now and then fail `tries` times before it counts: what really differs does so every time. */
export async function repeatedly(
  t: TestContext,
  { tries, because }: { readonly tries: number; readonly because: string },
  run: (attempt: number) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run(attempt)
      return
    } catch (error) {
      if (attempt === tries) throw error
      t.diagnostic(`once more, because ${because}: ${(error as Error).message}`)
    }
  }
}

/** Whether a case broke off: its program may have handles open, or be busy with what nobody waits for. */
export function isBroken({ outcome }: Outcome): boolean {
  return JSON.stringify(outcome).includes('"failed"')
}
