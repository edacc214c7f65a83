import { createHash } from 'node:crypto'
import type { DeadLetter } from '@millrace/base/internal'

/** Why letters were set aside: those with one `id` belong together. */
export interface DeadLetterCause {
  /** Eight hexadecimal digits, the same on every machine. */
  readonly id: string
  /** Consumer group, streams application or connector; empty where the letter does not say. */
  readonly application: string
  readonly stage: string
  readonly exception: string
  /** The message, with what differs from record to record replaced. */
  readonly pattern: string
}

const patternMaxChars = 200

/**
 * Numbers, ids and quoted parts of a message name the record, not the cause: without them a thousand letters of one
 * mistake are one group.
 */
export function messagePattern(message: string): string {
  return message
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<id>')
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`|“[^”]*”/g, '<…>')
    .replaceAll(/\b0x[0-9a-f]+\b|\b[0-9a-f]{16,}\b/gi, '<hex>')
    .replaceAll(/-?\d+([.,]\d+)*/g, '<n>')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, patternMaxChars)
}

export function causeOf(letter: DeadLetter | undefined): DeadLetterCause {
  const { application = '', stage = 'unknown', exception = 'unknown', message = '' } = letter ?? {}
  const pattern = messagePattern(message)
  const id = createHash('sha256').update([application, stage, exception, pattern].join('\0')).digest('hex').slice(0, 8)
  return { id, application, stage: stage || 'unknown', exception: exception || 'unknown', pattern }
}
