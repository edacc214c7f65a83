import type { KafkaClient } from '@millrace/kafka'
import { scanTopic } from '@millrace/kafka'

/** What was done with a letter. */
export type AuditAction = 'redrive' | 'edit' | 'discard'

/** One line of the audit trail: who did what with which letter. */
export interface AuditEntry {
  readonly version: 1
  readonly action: AuditAction
  /** ISO 8601. */
  readonly at: string
  /** Who: what they said with `--by`, else user and machine. */
  readonly by: string
  /** One for all that a command did. */
  readonly run: string
  /** Where the letter lies; the topic's id tells a topic from one of the same name that was made later. */
  readonly letter: { readonly topicId: string; readonly partition: number; readonly offset: number }
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: number }
  readonly application: string
  readonly cause: string
  /** Where the record or the edited letter went. */
  readonly to?: { readonly topic: string; readonly partition: number; readonly offset: number }
  /** What an edit changed: `key`, `value`, `header <name>`. */
  readonly changed?: readonly string[]
  /** Later records of the key that the application had already applied when this one was sent. */
  readonly appliedSuccessors?: number
  readonly reason?: string
}

/** The topic that tells what became of the letters of a dead-letter topic. */
export function auditTopic(deadLetters: string): string {
  return `${deadLetters}.audit`
}

/**
 * Reads the audit trail. What was written by a run that has not committed does not count; a caller that is about to
 * write has initialised its producer before, which ended such runs.
 */
export async function readAudit(client: KafkaClient, deadLetters: string): Promise<AuditEntry[]> {
  const name = auditTopic(deadLetters)
  const topics = await client.admin.listTopics()
  if (!topics.some((topic) => topic.name === name)) return []
  const entries: AuditEntry[] = []
  for await (const { value } of scanTopic(client, { topic: name })) {
    const entry = parseEntry(value)
    if (entry) entries.push(entry)
  }
  return entries
}

/** Undefined for what is no entry, or one of a later version. */
function parseEntry(value: Buffer | null): AuditEntry | undefined {
  try {
    const entry = JSON.parse(value?.toString() ?? '') as Partial<AuditEntry> | null
    const isEntry = entry?.version === 1 && typeof entry.letter?.offset === 'number'
    return isEntry ? (entry as AuditEntry) : undefined
  } catch {
    return undefined
  }
}
