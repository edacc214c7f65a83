import { type ErrorTable, errorFactory, MillraceError } from '@millrace/base'

export const millraceErrors = {
  CONFIG_NOT_FOUND: {
    retriable: false,
    cause: 'No configuration file was found where the command looked.',
    remedy: 'Pass the path of a configuration, or run "millrace init" to make one here.',
  },
  CONFIG_INVALID: {
    retriable: false,
    cause: 'The configuration file does not load, or an option in it is unknown or has the wrong type.',
    remedy: 'Mend what the message or its cause names; the README of millrace lists the options.',
  },
  CONFIG_NO_BROKERS: {
    retriable: false,
    cause: '"millrace run" was started without the address of a Kafka cluster.',
    remedy:
      'Set "brokers" in the configuration, MILLRACE_BROKERS, or --brokers host:port; "millrace dev" brings a broker of its own.',
  },
  APP_INVALID: {
    retriable: false,
    cause: 'A streams application module does not export a function that returns a topology.',
    remedy: 'Export by default a function that returns topology(name) with its streams and tables.',
  },
  PROJECT_NOT_FOUND: {
    retriable: false,
    cause: '"millrace init" found no package.json to add to.',
    remedy: 'Run "npm init -y" first, or change into the project folder.',
  },
  PROCESS_FAILED: {
    retriable: false,
    cause: 'A process that the supervisor started ended before it was ready, or kept ending.',
    remedy: 'Read the lines above, which are its own; mend the cause and start again.',
  },
  CONNECTOR_INVALID: {
    retriable: false,
    cause: 'The config of a connector, or the file that holds it, cannot be used.',
    remedy: 'Mend what the message names; "millrace connect plugins <class>" prints the names that a config may have.',
  },
  CONFIRMATION_NEEDED: {
    retriable: false,
    cause: 'The command would delete something.',
    remedy: 'Look at the preview and repeat the command with --yes.',
  },
  STOPPED: {
    retriable: false,
    cause: 'The command was stopped before its work was done.',
    remedy: 'Run it again: it goes on with what is left.',
  },
  NOT_FOUND: {
    retriable: false,
    cause: 'The topic, group, key or record that the command names does not exist.',
    remedy: 'List what exists with "millrace topics list", "groups list", "dlq list" or "connect status".',
  },
  GATEWAY_UNREACHABLE: {
    retriable: true,
    cause: 'No gateway answers at the address.',
    remedy: 'Start "millrace run" or "millrace dev", or name its address with --url or MILLRACE_URL.',
  },
  DATABASE_UNREACHABLE: {
    retriable: true,
    cause: 'The database refuses the connection or does not answer.',
    remedy: 'Check address, user and password in the URL, and that the server runs.',
  },
  DATABASE_DRIVER_MISSING: {
    retriable: false,
    cause: "The command needs the PostgreSQL driver, which is the project's own.",
    remedy: 'Run "npm install pg" in the project.',
  },
  DATABASE_URL_MISSING: {
    retriable: false,
    cause: '"millrace migrate" was not told which database, or what it was told is no URL of a database.',
    remedy:
      'Leave --url out and put DATABASE_URL=postgres://… into .env here or into the environment, or give --url a URL.',
  },
  BROKERS_INVALID: {
    retriable: false,
    cause: 'The list of brokers has an entry that is not host:port.',
    remedy: 'Write host:port, several separated by commas: --brokers 127.0.0.1:9092 or MILLRACE_BROKERS.',
  },
  BROKERS_UNREACHABLE: {
    retriable: true,
    cause: 'Nothing listens where the brokers should be: connections are refused.',
    remedy:
      'Start the broker ("millrace dev" or "millrace broker" bring one), or name another address with --brokers or MILLRACE_BROKERS.',
  },
  USAGE: {
    retriable: false,
    cause: 'A flag or an argument has a value that the command cannot use.',
    remedy: "See the command's --help.",
  },
} as const satisfies ErrorTable

export const millraceError = errorFactory(millraceErrors)

/** NOT_FOUND with the one remedy that fits what was looked for. */
export function notFound(message: string, remedy: string): MillraceError {
  return new MillraceError('NOT_FOUND', message, { retriable: millraceErrors.NOT_FOUND.retriable, remedy })
}

export function noTopic(topic: string): MillraceError {
  return notFound(`there is no topic "${topic}"`, 'List the topics with "millrace topics list".')
}
