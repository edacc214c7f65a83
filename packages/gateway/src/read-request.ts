import type { PositionBound } from '@millrace/streams'
import { parsePosition, positionText } from '@millrace/streams/internal'
import type { FastifyRequest } from 'fastify'
import { gatewayError } from './errors.ts'
import { forwardedHeader } from './peers.ts'
import type { ReadOptions } from './state-provider.ts'

export type Query = Readonly<Record<string, string | undefined>>

/** A request for state: what is asked is in `query`, who asks and how fresh the answer must be in the rest. */
export interface ReadRequest {
  readonly query: Query
  /** The request came from another instance: answer here or say that it cannot be. */
  readonly forwarded: boolean
  /** Partitions to answer for, where another instance asks; undefined: all. */
  readonly partitions: readonly number[] | undefined
  readonly options: ReadOptions
}

const waitMsDefault = 1_000
const waitMsMax = 30_000

/** @throws GATEWAY_BAD_REQUEST */
export function readRequest(request: FastifyRequest): ReadRequest {
  const query = queryOf(request)
  const forwarded = request.headers[forwardedHeader] === '1'
  // A set: a partition named twice would be shown twice.
  const numbers = forwarded ? query.partitions?.split(',').map((text) => wholeNumber('partitions', text)) : undefined
  return { query, forwarded, partitions: numbers && [...new Set(numbers)], options: optionsOf(query) }
}

/** The parameters that another instance is asked with: the same, but for its partitions and a bound in its terms. */
export function parametersFor(
  { query }: ReadRequest,
  changed: { readonly partitions?: readonly number[]; readonly bound?: PositionBound; readonly limit?: number },
): URLSearchParams {
  const { partitions, bound = {}, limit } = changed
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && name !== 'partitions' && name !== 'bound') parameters.set(name, value)
  }
  if (partitions) parameters.set('partitions', partitions.join(','))
  if (limit !== undefined) parameters.set('limit', String(limit))
  const text = positionText(bound)
  if (text !== '') parameters.set('bound', text)
  return parameters
}

/** A parameter given twice would arrive as an array. */
function queryOf(request: FastifyRequest): Query {
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    if (typeof value !== 'string') throw badParameter(name, String(value), 'one value')
  }
  return request.query as Query
}

function optionsOf(query: Query): ReadOptions {
  const { isolation = 'committed', bound, maxLagRecords, maxStalenessMs } = query
  if (isolation !== 'committed' && isolation !== 'uncommitted') {
    throw badParameter('isolation', isolation, 'committed or uncommitted')
  }
  const position = bound === undefined || bound === '' ? {} : parsePosition(bound)
  if (!position) throw badParameter('bound', bound!, 'topic:partition:offset, separated by commas')
  const waitMs = Math.min(optionalNumber('waitMs', query.waitMs) ?? waitMsDefault, waitMsMax)
  const allowsStandby = flag('standby', query.standby) || maxLagRecords !== undefined || maxStalenessMs !== undefined
  if (!allowsStandby) return { isolation, bound: position, waitMs }
  const standby = {
    maxLagRecords: optionalNumber('maxLagRecords', maxLagRecords),
    maxStalenessMs: optionalNumber('maxStalenessMs', maxStalenessMs),
  }
  return { isolation, bound: position, waitMs, standby }
}

export function flag(name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'false') return false
  if (text === 'true' || text === '') return true
  throw badParameter(name, text, 'true or false')
}

export function optionalNumber(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber(name, text)
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (text === '' || !Number.isSafeInteger(number) || number < 0)
    throw badParameter(name, text, 'a whole number from 0')
  return number
}

export function badParameter(name: string, text: string, expected: string): Error {
  return gatewayError('GATEWAY_BAD_REQUEST', `"${name}" is "${text.slice(0, 100)}", not ${expected}`, {
    parameter: name,
  })
}
