// A lantern: the night watchman's.

export function Logo({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <g fill="none" stroke="var(--accent)" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round">
        <path d="M16 3v3M16 6 9.5 13v11h13V13z" />
        <path d="M11 28.5h10" />
        <path d="M16 15.5v4.5" strokeWidth="3" />
      </g>
    </svg>
  )
}
