import { configDef } from '../config/config-def.ts'
import { JavaRegex, validRegex } from '../data/java-regex.ts'
import { failed, ofRecords } from './plugin-makers.ts'
import { SimpleDateFormat, validDateFormat } from './simple-date-format.ts'

const topicMark = `\${topic}`
const timestampMark = `\${timestamp}`

const regexDefinition = configDef({
  regex: { type: 'string', valid: validRegex, importance: 'high', doc: 'What a topic must match as a whole.' },
  replacement: { type: 'string', importance: 'high', doc: 'The new topic, in which $1 is the first group.' },
})

/** Gives records of matching topics another one. */
export const regexRouter = ofRecords('RegexRouter', regexDefinition, (config) => {
  const regex = new JavaRegex(config.regex)
  const replace = regex.replacer(config.replacement)
  return (record) => (regex.matches(record.topic) ? { ...record, topic: replace(record.topic) } : record)
})

const timestampDefinition = configDef({
  'topic.format': {
    type: 'string',
    default: `${topicMark}-${timestampMark}`,
    importance: 'high',
    doc: `The new topic, where ${topicMark} and ${timestampMark} stand for the old one and the time.`,
  },
  'timestamp.format': {
    type: 'string',
    default: 'yyyyMMdd',
    valid: validDateFormat,
    importance: 'high',
    doc: "How the time is written, in the form of Java's SimpleDateFormat.",
  },
})

/** Puts the record's time into its topic. */
export const timestampRouter = ofRecords('TimestampRouter', timestampDefinition, (config) => {
  const format = new SimpleDateFormat(config['timestamp.format'])
  const topicFormat = config['topic.format']
  return (record) => {
    if (record.timestampMs === undefined) throw failed('TimestampRouter: the record has no timestamp')
    const topic = topicFormat.replaceAll(topicMark, () => record.topic)
    const time = format.format(record.timestampMs)
    return { ...record, topic: topic.replaceAll(timestampMark, () => time) }
  }
})
