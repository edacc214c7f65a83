import { readMessage, writeMessage } from './codec.ts'
import { protocolError } from './errors.ts'
import { apis } from './generated/apis.ts'
import { RequestHeader, ResponseHeader } from './generated/messages.ts'
import type { MessageInput, MessageType } from './message-type.ts'
import { Reader } from './reader.ts'
import { type MessagePart, type Writer, withPartsWriter, withWriter } from './writer.ts'

/** One API: its key, Kafka's name for it and both messages. */
export interface Api<Request = unknown, Response = unknown> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

const byKey = new Map<number, Api>(Object.values(apis).map((api) => [api.key, api as Api]))
const apiVersionsKey = 18

/** The API with this key, undefined when this package has no messages for it. */
export function apiByKey(key: number): Api | undefined {
  return byKey.get(key)
}

/** What stands before a request's body. */
export interface DecodedRequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins. */
  readonly bodyOffset: number
}

/** Header 2 adds tagged fields; it belongs to the versions in which the body has them too. */
function requestHeaderVersion(api: Api | undefined, version: number): number {
  return api !== undefined && version >= api.request.flexibleFrom ? 2 : 1
}

/** ApiVersions answers with header 0 in every version: its reader does not know the versions yet (KIP-511). */
function responseHeaderVersion(api: Api, version: number): number {
  return api.key !== apiVersionsKey && version >= api.response.flexibleFrom ? 1 : 0
}

/** What a request is made of. */
export interface RequestInput<Request, Response> {
  readonly api: Api<Request, Response>
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly body: MessageInput<Request>
}

/**
 * Encodes header and body of a request, without the length that frames it on a socket.
 *
 * @example
 * encodeRequest({ api: apis.Metadata, version: 12, correlationId: 1, clientId: 'shop', body: { topics: null } })
 */
export function encodeRequest<Request, Response>(options: RequestInput<Request, Response>): Buffer {
  return withWriter((writer) => writeRequest(writer, options))
}

/**
 * The same as a list of buffers, to be sent one after the other: large values are the caller's own bytes and not copied, so
 * they must stay as they are until the request has been answered.
 */
export function encodeRequestParts<Request, Response>(options: RequestInput<Request, Response>): Buffer[] {
  // What requests are made of lies in memory.
  return withPartsWriter((writer) => writeRequest(writer, options)) as Buffer[]
}

function writeRequest<Request, Response>(writer: Writer, options: RequestInput<Request, Response>): void {
  const { api, version, correlationId, clientId } = options
  const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId }
  writeMessage(writer, RequestHeader, requestHeaderVersion(api as Api, version), header)
  writeMessage(writer, api.request, version, options.body)
}

/**
 * Reads a request's header. A key or version this package does not know is not an error here: the caller answers it,
 * and for ApiVersions must do so with UNSUPPORTED_VERSION in version 0 (KIP-511).
 *
 * Throws PROTOCOL_MALFORMED when there is no header.
 */
export function decodeRequestHeader(bytes: Buffer): DecodedRequestHeader {
  const reader = new Reader(bytes, 0, bytes.length)
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  reader.position = 0
  const header = readMessage(reader, RequestHeader, requestHeaderVersion(byKey.get(apiKey), apiVersion))
  const { correlationId, clientId } = header
  return { apiKey, apiVersion, correlationId, clientId, bodyOffset: reader.position }
}

/** What a response is made of. */
export interface ResponseInput<Request, Response> {
  readonly api: Api<Request, Response>
  readonly version: number
  readonly correlationId: number
  readonly body: MessageInput<Response>
}

/** Encodes header and body of a response, without the length that frames it on a socket. */
export function encodeResponse<Request, Response>(options: ResponseInput<Request, Response>): Buffer {
  return withWriter((writer) => writeResponse(writer, options))
}

/**
 * The same as a list of parts, to be sent one after the other: large values are the caller's own bytes and not copied,
 * external ones are left to whoever sends them.
 *
 * @example
 * for (const part of encodeResponseParts({ api: apis.Fetch, … })) await send(part)
 */
export function encodeResponseParts<Request, Response>(options: ResponseInput<Request, Response>): MessagePart[] {
  return withPartsWriter((writer) => writeResponse(writer, options))
}

function writeResponse<Request, Response>(writer: Writer, options: ResponseInput<Request, Response>): void {
  const { api, version, correlationId } = options
  writeMessage(writer, ResponseHeader, responseHeaderVersion(api as Api, version), { correlationId })
  writeMessage(writer, api.response, version, options.body)
}

/**
 * Decodes a response to a request of the given version. Bytes and records are views into `bytes`.
 *
 * Throws PROTOCOL_MALFORMED when the bytes are not such a response, or when bytes are left over.
 */
export function decodeResponse<Request, Response>(options: {
  readonly api: Api<Request, Response>
  readonly version: number
  readonly bytes: Buffer
}): { correlationId: number; body: Response } {
  const { api, version, bytes } = options
  const reader = new Reader(bytes, 0, bytes.length)
  const { correlationId } = readMessage(reader, ResponseHeader, responseHeaderVersion(api as Api, version))
  const body = readMessage(reader, api.response, version)
  if (reader.remaining() > 0) {
    const message = `${reader.remaining()} bytes follow a ${api.response.name} of version ${version}`
    throw protocolError('PROTOCOL_MALFORMED', message, { api: api.name, version })
  }
  return { correlationId, body }
}
