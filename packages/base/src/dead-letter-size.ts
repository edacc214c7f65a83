import { isMillraceError } from './errors.ts'

/** Says of a letter that it is without its value, which did not fit. The record is where its origin says. */
export const truncatedHeader = '__millrace.errors.truncated'

/** Kafka's default of `max.message.bytes`. */
const usualMaxBytes = 1_048_588
/** What the envelope adds to a record, with its stack trace in Kafka Connect's names beside ours. */
const envelopeMaxBytes = 64 * 1024

interface Header {
  readonly key: string
  readonly value: Buffer | null
}

interface TopicConfigs {
  describeConfigs(
    resource: { readonly topic: string },
    names?: readonly string[],
  ): Promise<readonly { readonly name: string; readonly value: string | null }[]>
}

/** The largest batch that a topic takes; the default where it cannot be asked for. */
export async function maxMessageBytes(admin: TopicConfigs, topic: string): Promise<number> {
  try {
    const configs = await admin.describeConfigs({ topic }, ['max.message.bytes'])
    return Number(configs.find(({ name }) => name === 'max.message.bytes')?.value ?? usualMaxBytes) || usualMaxBytes
  } catch {
    // Not allowed, or not there: nothing depends on it but how much of a large record a letter holds.
    return usualMaxBytes
  }
}

/** Settings of a dead-letter topic by which it takes whatever its source takes, with the envelope. */
export async function deadLetterTopicConfig(admin: TopicConfigs, source: string): Promise<Record<string, string>> {
  return { 'max.message.bytes': String((await maxMessageBytes(admin, source)) + envelopeMaxBytes) }
}

/** Sends a letter whole, or where that is too large without its stack trace, or else without its value. */
export async function sendFitting<
  T extends { readonly value: Uint8Array | null; readonly headers: readonly Header[] },
  R,
>(letter: T, send: (letter: T) => Promise<R>): Promise<R> {
  const headers = letter.headers.filter(({ key }) => !key.endsWith('.stacktrace'))
  const truncated = { key: truncatedHeader, value: Buffer.from(String(letter.value?.length ?? 0)) }
  const shorter: readonly T[] = [
    { ...letter, headers },
    { ...letter, headers: [...headers, truncated], value: null },
  ]
  for (const form of [letter, ...shorter.slice(0, -1)]) {
    try {
      return await send(form)
    } catch (error) {
      if (!isTooLarge(error)) throw error
    }
  }
  return send(shorter.at(-1)!)
}

function isTooLarge(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'KAFKA_RECORD_TOO_LARGE'
}
