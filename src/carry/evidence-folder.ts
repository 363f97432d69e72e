import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GateError } from '../domain/base/errors.ts'
import type { Evidence } from '../ports/carried.ts'

/** `<folder>/<sha256 of the manifest>/…`: the documents of each import, as they came. */
export function createEvidenceFolder(folder: string): Evidence {
  return {
    async keep(manifest, documents) {
      const place = join(folder, manifest)
      const temporary = `${place}.unfinished`
      try {
        await rm(temporary, { recursive: true, force: true })
        for (const { name, bytes } of documents) {
          const path = join(temporary, name)
          await mkdir(dirname(path), { recursive: true })
          const file = await open(path, 'wx', 0o600)
          try {
            await file.writeFile(bytes)
            await file.sync()
          } finally {
            await file.close()
          }
        }
        await rm(place, { recursive: true, force: true })
        await rename(temporary, place)
      } catch (error) {
        throw new GateError('unknown-store', 'the evidence of the import could not be kept', { cause: error })
      }
    },
  }
}
