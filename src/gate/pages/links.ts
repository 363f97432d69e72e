import type { ProjectName } from '../../domain/packaging/name.ts'
import type { ForeseenRefusal, Links } from './listing.ts'

interface Options {
  readonly publicUrl: string | undefined
  readonly listenUrl: () => string
  /** of the index at the gate, without a slash at its end */
  readonly path: string
  /** `page`: file URLs relative to `/simple/<project>/` where no public URL is configured */
  readonly relativeTo: 'page' | 'absolute'
  /** keeps a refusal, and returns its id */
  readonly keep: (refusal: ForeseenRefusal) => string
}

/**
 * Every URL that leaves the gate. They come from the configured public URL, never from a Host header. Without one, file
 * URLs are relative, and `provenance`, which PEP 740 wants absolute, is left out.
 */
export function createLinks(options: Options): Links {
  const { publicUrl, listenUrl, path: indexPath, relativeTo, keep } = options
  const base = () => publicUrl ?? listenUrl()
  return {
    file({ path }) {
      if (publicUrl !== undefined) return `${publicUrl}${indexPath}${path}`
      return relativeTo === 'page' ? `../..${path}` : `${listenUrl()}${indexPath}${path}`
    },
    provenance(page, { dist, provenance }) {
      if (publicUrl === undefined || dist === undefined || provenance !== 'offered') return undefined
      return `${publicUrl}${indexPath}${provenancePath(page.index.name, dist.version, dist.text)}`
    },
    explain: refusal => `${base()}/x/${keep(refusal)}`,
  }
}

function provenancePath(project: ProjectName, version: string, filename: string): string {
  return `/integrity/${project}/${encodeURIComponent(version)}/${filename}/provenance`
}
