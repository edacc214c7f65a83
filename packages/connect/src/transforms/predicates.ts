import { configDef } from '../config/config-def.ts'
import { nonEmpty } from '../config/config-key.ts'
import { JavaRegex, validRegex } from '../data/java-regex.ts'
import { isNothing, predicate } from './plugin-makers.ts'

const headerDefinition = configDef({
  name: { type: 'string', valid: nonEmpty, importance: 'medium', doc: 'The name of the header.' },
})

/** True for records that have a header of the name. */
export const hasHeaderKey = predicate('HasHeaderKey', headerDefinition, ({ name }) => {
  return (record) => record.headers.some(({ key }) => key === name)
})

/** True for records without a value. */
export const recordIsTombstone = predicate(
  'RecordIsTombstone',
  configDef({}),
  () => (record) => isNothing(record.value),
)

const topicDefinition = configDef({
  pattern: {
    type: 'string',
    valid: [nonEmpty, validRegex],
    importance: 'medium',
    doc: "What the topic must match as a whole, in Java's syntax.",
  },
})

/** True for records of topics that match. */
export const topicNameMatches = predicate('TopicNameMatches', topicDefinition, ({ pattern }) => {
  const regex = new JavaRegex(pattern)
  return (record) => regex.matches(record.topic)
})
