import { type ErrorTable, errorFactory } from '@millrace/base'

export const handlerErrors = {
  HANDLER_FAILED: {
    retriable: false,
    cause: 'A message could not be handled and `onFailure` says that the handler must not go on without it.',
    remedy: 'Look at the cause; correct the handler or the record, or let such messages go to the dead-letter topic.',
  },
  HANDLER_TIMEOUT: {
    retriable: false,
    cause: 'The handler function took longer than `handlerTimeoutMs`; its transaction was rolled back.',
    remedy: 'Make the handler faster or raise the limit; pass `context.signal` to what it waits for.',
  },
  HANDLER_TRANSACTION_ABORTED: {
    retriable: false,
    cause:
      'The handler returned although a statement in its transaction had failed, so that nothing of it could be committed.',
    remedy: 'Let errors of statements leave the handler, or use a savepoint around the statement that may fail.',
  },
  HANDLER_STOP_TIMEOUT: {
    retriable: false,
    cause: 'The message in flight was not finished within `stopTimeoutMs` after the handler was asked to stop.',
    remedy: 'Nothing is lost: the message is handled again by whoever reads the partition next.',
  },
} as const satisfies ErrorTable

export const handlerError = errorFactory(handlerErrors)
