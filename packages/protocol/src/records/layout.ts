/** Where the fields of a record batch (magic 2, KIP-98) stand. */
export const baseOffsetAt = 0
export const batchLengthAt = 8
export const leaderEpochAt = 12
export const magicAt = 16
export const crcAt = 17
export const attributesAt = 21
export const lastOffsetDeltaAt = 23
export const baseTimestampAt = 27
export const maxTimestampAt = 35
export const producerIdAt = 43
export const producerEpochAt = 51
export const baseSequenceAt = 53
export const recordCountAt = 57
export const recordsAt = 61

/** What stands before the bytes that `batchLength` counts. */
export const logOverhead = 12

export const compressionMask = 0x07
export const appendTimeFlag = 0x08
export const transactionalFlag = 0x10
export const controlFlag = 0x20
/** KIP-534: the base timestamp is when tombstones and markers may go. */
export const deleteHorizonFlag = 0x40
