import type { SerdeRole } from '@millrace/contracts'
import { registryError } from '../errors.ts'

export interface SubjectOf {
  /** Undefined for a serde that belongs to no topic yet. */
  readonly topic: string | undefined
  readonly role: SerdeRole
  /** Full name of the record or message; undefined where the schema has none. */
  readonly recordName: string | undefined
}

/**
 * Names the subject that a schema is registered under: `topic` `<topic>-key` or `<topic>-value`, `record` the record's full
 * name, `topicRecord` `<topic>-<record>`; as TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy do.
 */
export type SubjectNameStrategy = 'topic' | 'record' | 'topicRecord' | ((of: SubjectOf) => string)

export function subjectName(strategy: SubjectNameStrategy, of: SubjectOf): string {
  if (typeof strategy === 'function') return strategy(of)
  switch (strategy) {
    case 'topic':
      return `${topicOf(of)}-${of.role}`
    case 'record':
      return recordNameOf(of)
    case 'topicRecord':
      return `${topicOf(of)}-${recordNameOf(of)}`
  }
}

function topicOf({ topic }: SubjectOf): string {
  if (topic !== undefined) return topic
  throw registryError('REGISTRY_SUBJECT_UNKNOWN', 'the subject is named after the topic, and the serde belongs to none')
}

function recordNameOf({ recordName }: SubjectOf): string {
  if (recordName !== undefined) return recordName
  throw registryError('REGISTRY_SUBJECT_UNKNOWN', 'the subject is named after the record, and the schema names none')
}
