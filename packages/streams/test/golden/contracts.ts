import { serdes, type TopicContract, topic } from '@millrace/contracts'

/** A topic of texts; `Form.TEXTS_IN` and `Form.TEXTS_OUT` in Java. */
export function texts(name: string): TopicContract<string, string> {
  return topic(name, { key: serdes.string, value: serdes.string })
}

/** A topic of numbers, written as JSON; `Form.NUMBERS_OUT` in Java. */
export function numbers(name: string): TopicContract<string, number> {
  return topic(name, { key: serdes.string, value: serdes.json<number>() })
}
