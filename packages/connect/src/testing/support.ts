import { type KafkaClient, scanTopic } from '@millrace/kafka'
import type { RunningConnector } from '../runtime/status.ts'

const pollMs = 25

/** Asks until the answer is good and returns it. @throws with the last answer and what the connector says, after `timeoutMs` */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T> | T,
  isGood: (answer: T) => boolean,
  timeoutMs: number,
  running?: RunningConnector,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (isGood(answer)) return answer
    if (performance.now() > deadline) {
      throw new Error(
        `not within ${timeoutMs} ms: ${what}; the last answer was ${JSON.stringify(answer)}${reason(running)}`,
      )
    }
    await pause(pollMs)
  }
}

function reason(running: RunningConnector | undefined): string {
  if (!running) return ''
  const { name, state, error, deadLetters } = running.status()
  const setAside =
    deadLetters === 0 ? '' : `; it set ${deadLetters} records aside, see their headers in the dead-letter topic`
  return `; ${name} is ${state}${error ? `: ${error.message} [${error.code}]` : ''}${setAside}`
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Values of a topic's committed records, in the order of each partition. */
export async function valuesIn(client: KafkaClient, topic: string): Promise<string[]> {
  const [described] = await client.admin.describeTopics([topic], { ifExists: true })
  if (!described) return []
  const values: string[] = []
  for await (const { value } of scanTopic(client, { topic })) values.push(value?.toString() ?? '')
  return values
}

/** How often each is there, for those that are not there exactly once; and those that are missing. */
export function differences(expected: readonly string[], found: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>(expected.map((id) => [id, 0]))
  for (const id of found) counts.set(id, (counts.get(id) ?? 0) + 1)
  return Object.fromEntries([...counts].filter(([, count]) => count !== 1))
}
