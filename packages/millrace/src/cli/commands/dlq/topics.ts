import { deadLetterTopic, readDeadLetter } from '@millrace/base/internal'
import { type KafkaClient, scanTopic } from '@millrace/kafka'
import { millraceError, noTopic, notFound } from '../../../errors.ts'

/** Names under which people and other tools keep dead letters: `order.dlq`, `dlq-orders`, `order-dlt`, `order.DLT`. */
const usualNames = /(^|[._-])(dlq|dlt|dead[._-]?letters?)($|[._-])/i
/** A topic that is named on the command line is taken for what it is when one of its first records is a letter. */
const probedRecords = 20

/** The dead-letter topics of the cluster, those with a usual name. */
export async function deadLetterTopics(client: KafkaClient): Promise<string[]> {
  const names = (await client.admin.listTopics()).map(({ name }) => name)
  return names.filter((name) => usualNames.test(name) && !name.endsWith('.audit')).toSorted()
}

/**
 * The dead-letter topic that is meant: `<given>.dlq`, the given topic itself where it holds letters, or one with another usual
 * name of it; undefined while there have been none.
 * @throws NOT_FOUND when there is no such topic at all.
 */
export async function resolveTopic(client: KafkaClient, given: string): Promise<string | undefined> {
  const names = (await client.admin.listTopics()).map(({ name }) => name)
  if (names.includes(deadLetterTopic(given))) return deadLetterTopic(given)
  const others = names.filter((name) => isOf(name, given))
  if (!names.includes(given) && others.length === 0) throw noTopic(given)
  if (usualNames.test(given)) return given
  let left = probedRecords
  for await (const { headers } of names.includes(given) ? scanTopic(client, { topic: given }) : []) {
    if (readDeadLetter(headers)) return given
    if (--left === 0) break
  }
  return others[0]
}

/** Whether people would call it the dead letters of the topic: `dlq-orders`, `orders-dlt`, `orders.DLT`. */
function isOf(name: string, topic: string): boolean {
  return usualNames.test(name) && name.replace(usualNames, '') === topic
}

/** @throws NOT_FOUND where there have been no dead letters either. */
export async function requireTopic(client: KafkaClient, given: string): Promise<string> {
  const name = await resolveTopic(client, given)
  if (name !== undefined) return name
  throw notFound(`there are no dead letters of "${given}"`, 'List those that there are with "millrace dlq list".')
}

/** @throws USAGE */
export function parsePosition(text: string): { readonly partition: number; readonly offset: number } {
  const [, partition, offset] = /^(\d+):(\d+)$/.exec(text) ?? []
  if (partition === undefined) throw millraceError('USAGE', `"${text}" is not partition:offset`)
  return { partition: Number(partition), offset: Number(offset) }
}
