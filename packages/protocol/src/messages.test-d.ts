import { decodeMessage, encodeMessage } from './codec.ts'
import { decodeResponse, encodeRequest } from './framing.ts'
import { apis } from './generated/apis.ts'
import { FetchResponse, MetadataRequest, ProduceRequest } from './generated/messages.ts'

const bytes = Buffer.alloc(0)

// Fields may be left out at any depth, and any Uint8Array stands for bytes.
encodeMessage(ProduceRequest, 9, {})
encodeMessage(ProduceRequest, 9, { topicData: [{ partitionData: [{ records: new Uint8Array(1) }] }] })
encodeMessage(MetadataRequest, 9, { topics: null })

// @ts-expect-error a name that no version has
encodeMessage(ProduceRequest, 9, { topics: [] })
// @ts-expect-error a type that the field does not have
encodeMessage(ProduceRequest, 9, { acks: 'all' })
// @ts-expect-error null where no version allows it
encodeMessage(ProduceRequest, 9, { topicData: null })

// What is decoded has every field.
const records: Buffer | null | undefined = decodeMessage(FetchResponse, 12, bytes).responses[0]?.partitions[0]?.records
// @ts-expect-error int64 is a number
const offset: bigint = decodeMessage(FetchResponse, 12, bytes).responses[0]!.partitions[0]!.highWatermark

// An API ties the body to the request and to the response.
const brokers: number | undefined = decodeResponse({ api: apis.Metadata, version: 12, bytes }).body.brokers[0]?.nodeId
// @ts-expect-error a Produce request is no Metadata request
encodeRequest({ api: apis.Metadata, version: 12, correlationId: 1, clientId: null, body: { acks: 1 } })

export const used = [records, offset, brokers]
