import { type ErrorTable, errorFactory } from '@millrace/base'

export const outboxErrors = {
  OUTBOX_NOT_A_TRANSACTION: {
    retriable: false,
    cause:
      'The outbox or inbox was given a database handle on which no transaction is open, so its row and yours would not be committed together.',
    remedy: 'Take one client from the pool, await `begin` on it, and pass that client.',
  },
  OUTBOX_KEY_NOT_TEXT: {
    retriable: false,
    cause: 'The key of a message has no textual form, and the column `aggregateid` holds text.',
    remedy: 'Give the topic a key that serialises to UTF-8 text without NUL, such as serdes.string or a schema.',
  },
  OUTBOX_INVALID_HEADER: {
    retriable: false,
    cause: 'A header of a message is not text, holds NUL, or has a name that Millrace sets itself.',
    remedy: 'Correct the header that the message names.',
  },
  OUTBOX_TABLE_MISSING: {
    retriable: false,
    cause: 'The database has no such outbox or inbox table.',
    remedy: 'Run the SQL of `outboxMigration()` or `inboxMigration()` as one of the service’s migrations.',
  },
} as const satisfies ErrorTable

export const outboxError = errorFactory(outboxErrors)
