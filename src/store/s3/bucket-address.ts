import { GateError } from '../../domain/base/errors.ts'
import type { BucketAddress } from './bucket.ts'

/** `s3://bucket/prefix?endpoint=…&region=…`. @throws GateError `config-invalid` */
export function bucketAddress(text: string): BucketAddress {
  const url = URL.parse(text)
  if (url?.protocol !== 's3:' || url.hostname === '')
    throw new GateError('config-invalid', 'store.blobs is no s3:// URL')
  return {
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, ''),
    endpoint: url.searchParams.get('endpoint') ?? undefined,
    region: url.searchParams.get('region') ?? undefined,
  }
}
