import { type ErrorTable, errorFactory } from '@millrace/base'

/** Codes of this package, with cause and remedy. */
export const brokerErrors = {
  BROKER_CONFIG_INVALID: {
    retriable: false,
    cause: 'A broker setting has an unknown name or a value outside its range.',
    remedy: 'Correct what the message names; docs/reference/broker-settings.md lists all settings.',
  },
  BROKER_DATA_FOLDER_IN_USE: {
    retriable: false,
    cause: 'Another process serves from the same data folder.',
    remedy:
      'Stop the process that the message names, or choose another data folder. When it ran on a host or in a container that is gone for certain, start once with --take-over-from <host> (in code takeOverFrom), or give containers a host name that lasts.',
  },
  BROKER_FORMAT_TOO_NEW: {
    retriable: false,
    cause: 'The data folder was written by a newer version of Millrace.',
    remedy: 'Use at least the version that wrote it, or another data folder.',
  },
  BROKER_DATA_DAMAGED: {
    retriable: false,
    cause: 'A file in the data folder that the broker needs cannot be read as what it should be.',
    remedy: 'Restore the data folder from a copy, or begin with an empty one.',
  },
  BROKER_STORAGE_FAILED: {
    retriable: true,
    cause: 'The disk refused a read or write.',
    remedy: 'Look at the cause: make room, check rights and the device; later requests try again.',
  },
  BROKER_PORT_IN_USE: {
    retriable: false,
    cause: 'Another process listens on the port.',
    remedy: 'Choose another port, or 0 for any free one, or stop the other process.',
  },
  BROKER_HOST_UNAVAILABLE: {
    retriable: false,
    cause: 'The host to listen on is not an address of this machine, or the port needs more rights.',
    remedy: 'Listen on 127.0.0.1 or an address of this machine and on a port above 1023.',
  },
  BROKER_HOST_NOT_LOOPBACK: {
    retriable: false,
    cause:
      'The broker was told to listen beyond loopback where anyone could read and write, or where passwords could be read on the network.',
    remedy:
      'Listen on 127.0.0.1, or authenticate: SASL_SSL, or SSL with ssl.client.auth=required. Where the network is trusted, --allow-remote opens it (in code allowNonLoopback: true).',
  },
  BROKER_TLS_INVALID: {
    retriable: false,
    cause: 'A listener with TLS has no usable key, certificate or trusted certificates.',
    remedy:
      'Correct the setting that the message names: PEM or PKCS12, the private key of the certificate, and its password where it has one.',
  },
  BROKER_AUTHENTICATION_FAILED: {
    retriable: false,
    cause: 'A client could not prove who it is, or asked for something before it had.',
    remedy: "Check the client's mechanism, user and password or token; an expired session must authenticate again.",
  },
  BROKER_REQUEST_INVALID: {
    retriable: false,
    cause: 'Bytes on a connection are no request of the Kafka protocol that this broker serves.',
    remedy:
      'Check that the client speaks the Kafka protocol, with TLS just where the listener has it, and is at most at the versions in ApiVersions.',
  },
  BROKER_CONNECTION_DROPPED: {
    retriable: true,
    cause: 'A connection exceeded a limit or a deadline, or a fault hook dropped it.',
    remedy: 'Connect again; raise the limit that the message names if the load is legitimate.',
  },
  BROKER_CLOSED: {
    retriable: false,
    cause: 'The broker has been closed, or its worker has ended.',
    remedy: 'Start a new broker; the cause says why a worker ended.',
  },
} as const satisfies ErrorTable

export const brokerError = errorFactory(brokerErrors)
