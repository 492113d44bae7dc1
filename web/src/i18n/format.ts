// Times, ages and shares as people write them.

export interface Formats {
  clock: (iso: string) => string
  dateTime: (iso: string) => string
  date: (iso: string) => string
  share: (value: number) => string
  /** A measured share: never rounded down to nothing. */
  rate: (value: number) => string
  decimal: (value: number) => string
  count: (value: number) => string
}

/** 24-hour clocks in both languages: control rooms write no am and pm. */
export function formats(language: string): Formats {
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  const dateTime = new Intl.DateTimeFormat(language, {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const date = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' })
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 })
  const rate = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 })
  const smallRate = new Intl.NumberFormat(language, { style: 'percent', maximumSignificantDigits: 2 })
  const count = new Intl.NumberFormat(language)
  const decimal = new Intl.NumberFormat(language, { maximumFractionDigits: 2, minimumFractionDigits: 2 })
  const guarded = (format: Intl.DateTimeFormat) => (iso: string) => {
    const at = new Date(iso)
    return Number.isNaN(at.getTime()) ? iso : format.format(at)
  }
  return {
    clock: guarded(clock),
    dateTime: guarded(dateTime),
    date: guarded(date),
    share: (value) => share.format(value),
    rate: (value) => (Math.abs(value) < 0.01 ? smallRate : rate).format(value),
    decimal: (value) => decimal.format(value),
    count: (value) => count.format(value),
  }
}

/** `4:07` under an hour, `3 h 05` under a day, then `2 d 4 h`; a clock ahead of ours counts as now. */
export function age(fromIso: string, nowMs: number): string {
  const from = Date.parse(fromIso)
  if (Number.isNaN(from)) return '–'
  const seconds = Math.max(0, Math.floor((nowMs - from) / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const two = (n: number) => String(n).padStart(2, '0')
  if (hours === 0) return `${minutes}:${two(seconds % 60)}`
  if (hours < 24) return `${hours} h ${two(minutes % 60)}`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Seconds from a clip's start as `0:06`, or with tenths where they matter. */
export function clipTime(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  const whole = Math.floor(tenths / 10)
  const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
  return tenths % 10 === 0 ? text : `${text}.${tenths % 10}`
}
