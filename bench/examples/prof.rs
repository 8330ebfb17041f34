use std::sync::LazyLock; use hermes::{Cache,cached}; use std::hint::black_box;
static C: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());
#[cached(C, tags=["a","b"], ttl=3600)]
fn f(n:u64)->u64{n*n}
#[cached(C, tags=["a","b"], ttl=3600)]
fn g(n:u64, t:&str)->u64{n*n+t.len() as u64}
fn t(n:u64, mut f: impl FnMut())->f64{ let s=std::time::Instant::now(); for _ in 0..n { f() } s.elapsed().as_nanos() as f64/n as f64 }
fn main(){ let n=5_000_000; f(7); g(7,"a short text"); let q=quick_cache::sync::Cache::<u64,u64>::new(200000); q.insert(7,8);
let qp=quick_cache::sync::Cache::<(u64,&'static str),u64>::new(200000); qp.insert((7,"a short text"),8);
let (mut a,mut b,mut c,mut d)=(vec![],vec![],vec![],vec![]);
for _ in 0..15 { a.push(t(n,||{black_box(f(black_box(7)));})); b.push(t(n,||{black_box(q.get_or_insert_with(&black_box(7),||Ok::<u64,()>(1)).unwrap());})); c.push(t(n,||{black_box(g(black_box(7),black_box("a short text")));})); d.push(t(n,||{black_box(qp.get_or_insert_with(&(black_box(7),black_box("a short text")),||Ok::<u64,()>(1)).unwrap());})); }
for v in [&mut a,&mut b,&mut c,&mut d] { v.sort_by(f64::total_cmp); } println!("hermes {:.1} qc {:.1} ratio {:.2} | pair {:.1} qc {:.1} ratio {:.2}", a[7],b[7],a[7]/b[7], c[7],d[7],c[7]/d[7]); }
