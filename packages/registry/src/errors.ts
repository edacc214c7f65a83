import { type ErrorTable, errorFactory } from '@millrace/base'

export const registryErrors = {
  REGISTRY_UNREACHABLE: {
    retriable: true,
    cause:
      'No URL of the schema registry answered in time, or all of them answered with a server error, retries included.',
    remedy: 'Start the registry or correct `urls`; streams and handlers wait for it and go on by themselves.',
  },
  REGISTRY_UNAUTHORIZED: {
    retriable: false,
    cause: 'The schema registry refused the credentials, or the rights of the user do not cover the subject.',
    remedy:
      'Correct `auth`, or have the right to read (and, with automatic registration, to write) the subject granted.',
  },
  REGISTRY_SUBJECT_NOT_FOUND: {
    retriable: false,
    cause: 'The registry has no such subject, or no such version of it.',
    remedy: 'Register the schema under this subject, correct `subjectName`, or set `autoRegisterSchemas`.',
  },
  REGISTRY_SCHEMA_NOT_FOUND: {
    retriable: false,
    cause: 'The registry has no schema of this id, or the schema is not registered under the subject.',
    remedy:
      'On writing, register the schema or set `autoRegisterSchemas`; on reading, check that the writer uses the same registry.',
  },
  REGISTRY_INCOMPATIBLE: {
    retriable: false,
    cause:
      'The schema breaks the compatibility that the registry demands of the subject, or that writing under another version needs.',
    remedy: 'Change the schema so that the earlier versions stay readable, or change the compatibility of the subject.',
  },
  REGISTRY_INVALID_SCHEMA: {
    retriable: false,
    cause: 'A schema cannot be parsed, or the registry does not accept it.',
    remedy: 'Correct the schema as the message says.',
  },
  REGISTRY_UNREADABLE: {
    retriable: false,
    cause: 'A record was written under a schema that cannot be read as the one that the contract declares.',
    remedy:
      'Declare a reader schema that is compatible with the writer’s; until then the record belongs in the dead-letter topic.',
  },
  REGISTRY_SUBJECT_UNKNOWN: {
    retriable: false,
    cause: 'A serde that names its subject after the topic was used without one.',
    remedy: 'Use it in a contract, `topic(name, …)`, or call `forTopic` yourself.',
  },
  REGISTRY_REQUEST_REFUSED: {
    retriable: false,
    cause: 'The registry refused a request, or what answered is no schema registry.',
    remedy: 'Check `urls`, its path included, and what the message says.',
  },
} as const satisfies ErrorTable

export const registryError = errorFactory(registryErrors)
