import { type ErrorTable, errorFactory } from '@millrace/base'

/** Every error this package throws on purpose. */
export const protocolErrors = {
  PROTOCOL_MALFORMED: {
    retriable: false,
    cause: 'Bytes do not follow the Kafka protocol: truncated, a length that exceeds what is there, or garbage.',
    remedy: 'Check that both ends speak the Kafka protocol; if a stored batch is at fault, its file is damaged.',
  },
  PROTOCOL_UNSUPPORTED_VERSION: {
    retriable: false,
    cause: 'A message was to be encoded or decoded in a version that its definition does not have.',
    remedy: 'Negotiate versions with ApiVersions first and stay within the range both ends know.',
  },
  PROTOCOL_UNSUPPORTED_FIELD: {
    retriable: false,
    cause: 'A field was set that the chosen version of the message cannot carry and that must not be dropped silently.',
    remedy: 'Use a newer version of the message, or leave the field at its default.',
  },
  PROTOCOL_UNSUPPORTED_COMPRESSION: {
    retriable: false,
    cause: 'A record batch is compressed with a codec that is unknown or not available in this process.',
    remedy: 'Install the optional codec package named in the message, or choose another compression type.',
  },
  PROTOCOL_BATCH_TOO_LARGE: {
    retriable: false,
    cause: 'A record batch is, or decompresses to, more bytes than the limit allows.',
    remedy: 'Raise maxDecompressedBytes if the batch is legitimate; otherwise its producer is at fault.',
  },
} as const satisfies ErrorTable

export const protocolError = errorFactory(protocolErrors)
