import { type ErrorTable, errorFactory } from '@millrace/base'

export const queryErrors = {
  QUERY_UNAVAILABLE: {
    retriable: true,
    cause:
      'No instance gave an answer in time: none could be reached, all were restoring or rebalancing, or a read is bound to a write that they do not show yet.',
    remedy:
      'Try again later; when it persists, look at what the message says of the last answer, at /readyz of the instances and at the addresses given.',
  },
  QUERY_REFUSED: {
    retriable: false,
    cause: 'An instance understood the request and refused it, for example because it has no such store.',
    remedy: 'Correct what the message names; the field `serverCode` holds the instance’s own code.',
  },
  QUERY_READER_TOO_SLOW: {
    retriable: true,
    cause:
      'A subscription’s reader took changes more slowly than they came, until the gateway had no more room for them.',
    remedy: 'Subscribe anew: the rows come again. Take changes faster, or follow fewer keys.',
  },
  QUERY_UNEXPECTED_ANSWER: {
    retriable: false,
    cause: 'What answered does not speak as Millrace’s gateway does, or sent more than the client accepts.',
    remedy: 'Check that the address is that of a gateway and that no proxy answers in its place.',
  },
} as const satisfies ErrorTable

export const queryError = errorFactory(queryErrors)
