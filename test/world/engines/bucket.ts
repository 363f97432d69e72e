import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { ObjectStore } from './ceph.ts'

let made = 0

/** A bucket of its own, as `store.blobs` names it. Credentials are in the environment from then on. */
export async function makeBucket(store: ObjectStore, prefix = 'gates'): Promise<string> {
  made += 1
  const name = `bucket-${process.pid}-${made}`
  Object.assign(process.env, store.environment)
  const client = new S3Client({ endpoint: store.endpoint, forcePathStyle: true, region: 'us-east-1' })
  try {
    await client.send(new CreateBucketCommand({ Bucket: name }))
  } finally {
    client.destroy()
  }
  return `s3://${name}/${prefix}?endpoint=${encodeURIComponent(store.endpoint)}&region=us-east-1`
}

/** The same bucket at another address, such as that of a proxy before it. */
export function through(url: string, address: string): string {
  const at = new URL(address)
  at.searchParams.set('endpoint', url)
  return at.href
}
