/** Kafka's zero UUID as it prints: no topic id. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
