/** How the values of a field are spread: bars of a histogram, or entries of a checklist. */
import type { Grouping } from './crossfilter'
import type { FieldData } from './fields'
import { assignBins, binsOf, histogramScale, type Bins, type Scale } from './histogram'

export interface Distribution {
  grouping: Grouping
  /** Of numbers, years and dates. */
  axis: { bins: Bins; scale: Scale } | null
  /** Of categories and lists, most frequent first; of yes/no: No, Yes. */
  values: string[] | null
  data: FieldData
}

/** `scale`: null = the one that suits the values. */
export function distributionOf(data: FieldData, scale: Scale | null): Distribution {
  if (data.kind === 'numbers') {
    const chosen = scale ?? histogramScale(data.summary)
    const bins = binsOf(data.summary, chosen)
    return {
      data,
      axis: { bins, scale: chosen },
      values: null,
      grouping: { groups: bins.edges.length - 1, of: assignBins(data.values, bins) },
    }
  }
  if (data.kind === 'booleans')
    return { data, axis: null, values: ['No', 'Yes'], grouping: { groups: 2, of: Uint16Array.from(data.values) } }
  const values = data.dictionary.map(([value]) => value)
  const groups = values.length
  return {
    data,
    axis: null,
    values,
    grouping: data.kind === 'lists' ? { groups, lists: data.lists } : { groups, of: data.codes },
  }
}
