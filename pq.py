import sys,time,numpy as np, minigen as mg
from minigen import data, ops
from minigen.autodiff import Tensor, no_grad
from minigen.optim import Adam, cosine, warmup
from minigen.nn import *
from minigen.models.flows import realnvp as R
from minigen.models.flows.realnvp import *
def run(act=ReLU,w=64,d=8,lr=2e-3,n=600,clip=0.,bound=0.,norm=1,mix='swap',batch=256,eps=1e-8,b2=.999):
    R.dense_network=lambda i,o,w,rng: Sequential(Dense(i,w,init='he_uniform',rng=rng),act(),Dense(w,w,init='he_uniform',rng=rng),act(),Dense(w,o,init=starting_at_zero))
    x=data.load('moons').x; te=data.load('moons','test').x[:3000]; rng=mg.Generator(0)
    m=steps_of_flow((2,),d,w,mix,rng)
    if norm: m=m[:1]+[f for f in m[1:] if not isinstance(f,Normalize)]
    for f in m:
        if isinstance(f,Coupling): f.log_bound.data[...]=bound
    flow=Flow(Chain(*m),(2,)); flow.prepare(Tensor(x[:1000]))
    opt=Adam(flow.parameters(),lr=warmup(cosine(lr,n),50),betas=(.9,b2))
    if clip: opt.max_norm=clip
    order=np.random.default_rng(0); t0=time.process_time(); L=[];G=[]
    for i in range(n):
        l=-ops.mean(flow.log_prob(Tensor(x[order.integers(len(x),size=batch)]))); G.append(opt.step(l).item()); L.append(l.item())
    with no_grad(): t=-flow.log_prob(Tensor(te)).numpy().mean()
    print(dict(act=act.__name__,w=w,d=d,lr=lr,clip=clip,bound=bound,norm=norm,mix=mix,n=n,b2=b2),'cpu %.1f'%(time.process_time()-t0),'test %.3f'%t,'train',np.round([np.mean(L[k:k+n//6]) for k in range(0,n,n//6)],2),'grad',np.round([np.percentile(G[k:k+n//6],[50,100]) for k in range(0,n,n//3)],1).tolist(),flush=True)
