import { isMillraceError } from '@millrace/base'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { httpStatus } from '../errors.ts'

/** HTTP status of each code, as Kafka Connect answers in the same case. */
const statuses: Readonly<Partial<Record<string, number>>> = {
  CONNECT_CONNECTOR_UNKNOWN: 404,
  CONNECT_CONNECTOR_EXISTS: 409,
  // Not 409, after which consoles try again: it means a rebalance in Kafka Connect.
  CONNECT_CONNECTOR_DECLARED: 403,
  CONNECT_CONFIG_INVALID: 400,
  CONNECT_PLUGIN_UNKNOWN: 404,
  CONNECT_NOT_STOPPED: 400,
  CONNECT_OFFSETS_REFUSED: 400,
  CONNECT_OFFSETS_CONTENDED: 409,
  CONNECT_TASK_UNKNOWN: 404,
  ...httpStatus,
}

/**
 * Sends errors in the form of Kafka Connect's REST API, with our code and remedy beside it.
 *
 * @param mask hides what config providers filled in: an error may tell what it is about
 */
export function connectErrorSender(
  mask: (text: string) => string,
): (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, _, reply) => sendConnectError(error, reply, mask)
}

function sendConnectError(
  error: FastifyError | Error,
  reply: FastifyReply,
  mask: (text: string) => string,
): FastifyReply {
  if (isMillraceError(error)) {
    const { code, message, remedy } = error
    const status = statuses[code] ?? (error.retriable ? 503 : 500)
    return reply.status(status).send({ error_code: status, message: mask(message), code, remedy })
  }
  const status = (error as FastifyError).statusCode ?? 500
  const message = status < 500 ? error.message : 'the gateway failed at this request'
  return reply.status(status).send({ error_code: status, message: mask(message) })
}
