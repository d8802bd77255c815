"""The security look of `fab postdeploy`: what the public URL sends, who may reach which port, which images run."""
