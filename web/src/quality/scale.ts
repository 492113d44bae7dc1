// How far the axis of a share reaches. Pure.

const ends = [0.02, 0.05, 0.1, 0.25, 0.5, 1] as const

/** The shortest round axis that holds the upper bound, so that a small share is still a place and not a dot at 0. */
export const axisEnd = (high: number): number => ends.find((end) => high <= end) ?? 1
