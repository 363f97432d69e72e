import type { z } from 'zod'
import { parseSha256 } from '../../domain/base/digest.ts'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import type { Download } from '../../gate/records/downloads.ts'
import type { download as shape } from '../../protocol/api/shapes.ts'
import type { Screen } from '../terminal/screen.ts'
import { renderTable } from '../terminal/table.ts'

/** As JSON; `null` for what was not written down. */
export function downloadJson({ subject, index, source, sha256, rule, first, last, ...rest }: Download): object {
  return {
    subject: subject ?? null,
    index: index ?? null,
    source: source ?? null,
    sha256: sha256 ?? null,
    rule: rule ?? null,
    ...rest,
    first: formatInstant(first),
    last: formatInstant(last),
  }
}

/** As a gate tells it that is asked from afar. */
export function readDownload(told: z.output<typeof shape>): Download {
  const { subject, index, source, sha256, rule, first, last, ...rest } = told
  return {
    ...rest,
    subject: subject ?? undefined,
    index: index ?? undefined,
    source: source ?? undefined,
    sha256: parseSha256(sha256 ?? ''),
    rule: rule ?? undefined,
    first: instant(Date.parse(first)),
    last: instant(Date.parse(last)),
  }
}

/** A row for each: who, from where, how often, when, under which verdict, what, and from which of several sources. */
export function renderDownloads(screen: Screen, downloads: readonly Download[], indent = ''): void {
  const isSourced = downloads.some(({ source }) => source !== undefined)
  renderTable(
    screen,
    [`${indent}subject`, 'client', 'requests', 'first', 'last', 'verdict', ...(isSourced ? ['source'] : []), 'file'],
    downloads.map(({ subject, client, requests, first, last, verdict, source, filename }) => [
      `${indent}${subject ?? '-'}`,
      client,
      requests,
      minute(first),
      minute(last),
      verdict,
      ...(isSourced ? [source ?? '-'] : []),
      filename,
    ]),
  )
}

function minute(at: Instant): string {
  return `${formatInstant(at).slice(0, 16)}Z`
}
