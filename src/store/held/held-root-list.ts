import { Readable } from 'node:stream'
import type { Holdings } from '../../ports/mirror.ts'
import type { RootList } from '../../ports/outward.ts'

/** The list of the projects that a mirror holds. */
export function createHeldRootList(holdings: Pick<Holdings, 'projects'>): RootList {
  return {
    async open() {
      const projects = (await holdings.projects()).map(name => ({ name }))
      const text = JSON.stringify({ meta: { 'api-version': '1.4' }, projects })
      const body = Readable.from([Buffer.from(text)])
      return { kind: 'list', body, coding: 'identity', serial: undefined, etag: undefined }
    },
  }
}
