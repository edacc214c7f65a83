import { type ErrorTable, errorFactory } from '@millrace/base'

export const contractErrors = {
  CONTRACT_MISMATCH: {
    retriable: false,
    cause: 'A key or value is not what the contract of its topic says.',
    remedy: 'Correct the producer or the contract; on the reading side the record belongs in the dead-letter topic.',
  },
  CONTRACT_INVALID: {
    retriable: false,
    cause:
      'A contract was declared that cannot work: a topic name Kafka refuses, a key or value without serde, an asynchronous schema.',
    remedy: 'Correct the declaration that the message names.',
  },
  CONTRACT_NO_JSON_FORM: {
    retriable: false,
    cause:
      'State is read over HTTP whose keys or values are written by a serde that does not say how they look in JSON.',
    remedy:
      'Give the serde a `json` form, `json: { toJson: (value) => …, fromJson: (json) => … }`, where the topology names it and in the contract of who reads.',
  },
  CONTRACT_NOT_READY: {
    retriable: true,
    cause: 'A key or value needs a schema that is still on its way from the schema registry.',
    remedy:
      'Call `prepare(contract)` before writing, and read inside `whenReady`; streams, handlers and the outbox wait by themselves.',
  },
} as const satisfies ErrorTable

export const contractError = errorFactory(contractErrors)
