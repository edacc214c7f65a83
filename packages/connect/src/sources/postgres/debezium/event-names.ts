import type { Relation } from '../row.ts'
import { topicName } from './names.ts'

export interface NamingOptions {
  readonly prefix: string
  readonly delimiter: string
  /** `schema`: `<prefix>.<schema>.<table>`; `table`: `<prefix>.<table>`. */
  readonly parts: 'schema' | 'table'
  readonly transactions: string
}

/** Names of the topics of one connector. */
export function eventTopics({ prefix, delimiter, parts, transactions }: NamingOptions): {
  readonly rows: (relation: Pick<Relation, 'schema' | 'name'>) => string
  readonly transactions: string
  readonly messages: string
} {
  return {
    rows: ({ schema, name }) => {
      const words = parts === 'schema' ? [prefix, schema, name] : [prefix, name]
      return topicName(words.filter((word) => word.trim() !== '').join(delimiter))
    },
    transactions: `${prefix}${delimiter}${transactions}`,
    // Debezium's own, whatever the delimiter.
    messages: `${prefix}.message`,
  }
}
